/* A Bison parser, made by GNU Bison 3.8.2.  */

/* Bison interface for Yacc-like parsers in C

   Copyright (C) 1984, 1989-1990, 2000-2015, 2018-2021 Free Software Foundation,
   Inc.

   This program is free software: you can redistribute it and/or modify
   it under the terms of the GNU General Public License as published by
   the Free Software Foundation, either version 3 of the License, or
   (at your option) any later version.

   This program is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
   GNU General Public License for more details.

   You should have received a copy of the GNU General Public License
   along with this program.  If not, see <https://www.gnu.org/licenses/>.  */

/* As a special exception, you may create a larger work that contains
   part or all of the Bison parser skeleton and distribute that work
   under terms of your choice, so long as that work isn't itself a
   parser generator using the skeleton or a modified version thereof
   as a parser skeleton.  Alternatively, if you modify or redistribute
   the parser skeleton itself, you may (at your option) remove this
   special exception, which will cause the skeleton and the resulting
   Bison output files to be licensed under the GNU General Public
   License without this special exception.

   This special exception was added by the Free Software Foundation in
   version 2.2 of Bison.  */

/* DO NOT RELY ON FEATURES THAT ARE NOT DOCUMENTED in the manual,
   especially those whose name start with YY_ or yy_.  They are
   private implementation details that can be changed or removed.  */

#ifndef YY_COND_YY_GRAMMAR_COND_GRAMMAR_H_INCLUDED
# define YY_COND_YY_GRAMMAR_COND_GRAMMAR_H_INCLUDED
/* Debug traces.  */
#ifndef COND_YYDEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define COND_YYDEBUG 1
#  else
#   define COND_YYDEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define COND_YYDEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined COND_YYDEBUG */
#if COND_YYDEBUG
extern int cond_yydebug;
#endif
/* "%code requires" blocks.  */
#line 3 "../grammar/cond_grammar.y"

#include "grammar/cond_ast.h"

#line 61 "grammar/cond_grammar.h"

/* Token kinds.  */
#ifndef COND_YYTOKENTYPE
# define COND_YYTOKENTYPE
  enum cond_yytokentype
  {
    COND_YYEMPTY = -2,
    COND_YYEOF = 0,                /* "end of file"  */
    COND_YYerror = 256,            /* error  */
    COND_YYUNDEF = 257,            /* "invalid token"  */
    OR = 258,                      /* "or"  */
    NOT = 259,                     /* "!"  */
    OPEN = 260,                    /* "{"  */
    CLOSE = 261,                   /* "}"  */
    NAME = 262,                    /* "ACL"  */
    WORD = 263                     /* "word"  */
  };
  typedef enum cond_yytokentype cond_yytoken_kind_t;
#endif
/* Token kinds.  */
#define COND_YYEMPTY -2
#define COND_YYEOF 0
#define COND_YYerror 256
#define COND_YYUNDEF 257
#define OR 258
#define NOT 259
#define OPEN 260
#define CLOSE 261
#define NAME 262
#define WORD 263

/* Value type.  */
#if ! defined COND_YYSTYPE && ! defined COND_YYSTYPE_IS_DECLARED
union COND_YYSTYPE
{
#line 15 "../grammar/cond_grammar.y"

	uint32_t index; /* of a word */
	uint32_t count;
	struct cond_term_ast term;
	cond_terms_ast terms;

#line 104 "grammar/cond_grammar.h"

};
typedef union COND_YYSTYPE COND_YYSTYPE;
# define COND_YYSTYPE_IS_TRIVIAL 1
# define COND_YYSTYPE_IS_DECLARED 1
#endif

/* Location type.  */
typedef struct span COND_YYLTYPE;




int cond_yyparse (struct cond_scan *scan);


#endif /* !YY_COND_YY_GRAMMAR_COND_GRAMMAR_H_INCLUDED  */
